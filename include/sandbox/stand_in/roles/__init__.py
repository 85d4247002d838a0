"""What each role answers: one file per role."""
