"""Signing in: pages, forms and hooks around the account library.

Another identity provider (OIDC, e.g. a province's single sign-on) is added by installing
`allauth.socialaccount` with its `openid_connect` provider and naming it in `SOCIALACCOUNT_PROVIDERS`; its address
goes into `ui/signin/urls.py` with a declared access. Accounts are never made by it: `AccountAdapter` keeps
`is_open_for_signup` closed, so an identity must be linked to an account that an administrator opened.
"""
