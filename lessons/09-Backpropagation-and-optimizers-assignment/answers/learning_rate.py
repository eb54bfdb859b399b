# Answers to "learning_rate"; see tests/grading/test_answers.py.

# %% right: with the cosine of the half angle
def learning_rate(step, total, warm_up, peak):
    if step <= warm_up:
        return peak * step / warm_up
    return peak * np.cos(np.pi / 2 * (step - warm_up) / (total - warm_up)) ** 2


# %% right: np.where, an array of no dimension
def learning_rate(step, total, warm_up, peak):
    share = (step - warm_up) / (total - warm_up)
    return np.where(step < warm_up, step / warm_up, 0.5 + 0.5 * np.cos(share * np.pi)) * peak


# %% right: Keras' CosineDecay
def learning_rate(step, total, warm_up, peak):
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, total - warm_up, alpha=0.0, warmup_target=peak, warmup_steps=warm_up
    )
    return schedule(step)


# %% right: one formula with math
import math


def learning_rate(step, total, warm_up, peak):
    rising = min(step, warm_up) / warm_up
    angle = math.pi * max(step - warm_up, 0) / (total - warm_up)
    return np.float32(rising * peak * (1 + math.cos(angle)) / 2)


# %% mistake 0.5: the cosine does not know of the warm-up
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + np.cos(np.pi * step / total))


# %% mistake 0.5: the cosine of the whole length
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + np.cos(np.pi * (step - warm_up) / total))


# %% mistake 1: begins at one step's share
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak / 2 * (1 + np.cos(np.pi * (step - warm_up) / (total - warm_up)))


# %% mistake 0.5: falls linearly
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak * (total - step) / (total - warm_up)


# %% mistake 1: no warm-up
def learning_rate(step, total, warm_up, peak):
    return peak / 2 * (1 + np.cos(np.pi * max(step - warm_up, 0) / (total - warm_up)))


# %% mistake 1: whole divisions in the warm-up
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return step // warm_up * peak
    return peak / 2 * (1 + np.cos(np.pi * (step - warm_up) / (total - warm_up)))


# %% mistake 0.5: the peak is kept
def learning_rate(step, total, warm_up, peak):
    return peak * min(1, step / warm_up)


# %% mistake 0.5: the cosine's 1 forgotten
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak * np.cos(np.pi * (step - warm_up) / (total - warm_up))


# %% mistake 0.5: twice the peak
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak * (1 + np.cos(np.pi * (step - warm_up) / (total - warm_up)))


# %% mistake 0.5: degrees
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + np.cos(180 * (step - warm_up) / (total - warm_up)))


# %% mistake 0: the peak forgotten
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return step / warm_up
    return 0.5 * (1 + np.cos(np.pi * (step - warm_up) / (total - warm_up)))


# %% mistake 0: a constant rate
def learning_rate(step, total, warm_up, peak):
    return peak


# %% mistake 0: zero
def learning_rate(step, total, warm_up, peak):
    return 0.0


# %% mistake 1: the rise is a cosine too
def learning_rate(step, total, warm_up, peak):
    if step < warm_up:
        return peak / 2 * (1 - np.cos(np.pi * step / warm_up))
    return peak / 2 * (1 + np.cos(np.pi * (step - warm_up) / (total - warm_up)))
