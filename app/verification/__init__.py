"""Whether an answer sentence says what its citations say."""
