"""The service: hand in with a browser, a worker marks, staff run the course.

    browser, API, LTI ─► web ─► store (SQLite or Postgres) ◄─ worker ─► pipeline.grade in a sandbox
                                  └─── queue (rows of its jobs) ────┘

`web` shows and stores: it has no assignment's code, no key, no secret and no sandbox. `worker` is the trusted side.
`store` is what both know; `rules` are pure functions that both ask.
"""
