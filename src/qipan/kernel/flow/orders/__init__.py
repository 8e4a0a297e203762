"""Operations on work orders (工单), one file a family; `flow.actions` is their door."""
