# expect: finished
# fault: TookTooLong
# after: yes
"""Never returns, but does not resist."""


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        pass
