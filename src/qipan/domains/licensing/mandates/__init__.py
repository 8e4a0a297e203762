"""Agents (委托代办): which cases a power of attorney reaches, its document, and who is told of it."""
