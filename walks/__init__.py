"""Walks of the whole product in a real browser, by hands that know only what stands on the pages: `qipan walk NAME`."""
