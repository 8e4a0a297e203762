"""Pages for officials: inbox, cases, businesses; at the desk and on the phone."""
