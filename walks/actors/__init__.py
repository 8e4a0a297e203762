"""Who walks: businesses that hold what an item is about, and the hands at the browser."""
