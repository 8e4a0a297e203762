"""Electronic seals of agencies and businesses: applied for, issued, activated, used, ended; and who may use which."""
