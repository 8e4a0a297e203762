"""What every screen is made of: layout, components, scope decorator, sign-in pages. No business rule."""
