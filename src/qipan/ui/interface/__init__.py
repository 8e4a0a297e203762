"""What every operation of the open interface is made of: problems, safe input, rate limits, scopes, shared shapes."""
