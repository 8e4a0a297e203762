"""The flow engine: declared state machines, statutory clocks, work orders (工单) and the one inbox."""
