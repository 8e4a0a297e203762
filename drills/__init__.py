"""What `./qipan drill` does to a whole system of its own."""
