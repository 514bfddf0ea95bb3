"""The web pages: server-rendered, in three languages, under the strict policy of ``api.edge``. See docs/web.md."""
