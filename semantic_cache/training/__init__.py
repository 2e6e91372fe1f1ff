"""What trains the pair verifier. Nothing here is imported by the served proxy."""
