"""Training of the speech flows: recordings of real motion, speech made here, augmentation, likelihood."""
