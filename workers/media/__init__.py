"""Media in and out: untrusted pictures become arrays in a child process, frames become files."""
