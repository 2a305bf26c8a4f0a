"""The trusted side of the service: takes jobs from the queue, marks in a sandbox, holds the secret.

`jobs.KINDS` lists what a job can be; each is one function in a module of its own, of a Context and a Job.
"""
