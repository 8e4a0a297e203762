"""The pages of e-licences: the holder's, the checker's, the officials'."""
