"""Other authorities to which matters are handed over: transport only, one module for each way of reaching them."""
