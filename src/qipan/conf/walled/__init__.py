"""Django's PostgreSQL backend, whose connections are told for whom they read (`qipan.conf.wall`)."""
