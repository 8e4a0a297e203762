"""The pages of seals: the business's own, papers that go round, the officials' register."""
