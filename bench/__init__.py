"""What is measured, one command each; nothing in here is shipped."""
