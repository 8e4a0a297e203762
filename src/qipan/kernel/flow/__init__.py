"""The flow engine, statutory clocks and work orders: the one inbox."""
