"""Applications for licences and filings, from draft to sealed certificate."""
