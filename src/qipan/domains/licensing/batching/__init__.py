"""Several like applications beside one another, and one step for all of them."""
