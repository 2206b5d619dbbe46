"""The paper's own metrics (section 4.1): LPIPS, FID, AED and APD of three tasks, in the paper's layout."""
