# Answers to "clip_gradients"; see tests/grading/test_answers.py.

# %% right: one min, guarded
def clip_gradients(gradients, limit):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in gradients]))
    return [g * min(1, limit / norm) if norm > 0 else g for g in gradients]


# %% right: TensorFlow's own
def clip_gradients(gradients, limit):
    clipped, _ = tf.clip_by_global_norm([tf.convert_to_tensor(g) for g in gradients], limit)
    return clipped


# %% right: divided by max(1, norm / limit), a tuple
def clip_gradients(gradients, limit):
    total = 0.0
    for g in gradients:
        total += float(np.sum(np.asarray(g, "float64") ** 2))
    return tuple(g / max(1.0, total**0.5 / limit) for g in gradients)


# %% right: limit over max(norm, limit), copies
def clip_gradients(gradients, limit):
    copies = [np.array(g) for g in gradients]
    factor = limit / max(limit, np.sqrt(sum(np.vdot(g, g) for g in copies)))
    for g in copies:
        g *= factor
    return copies


# %% mistake 0.5: each array on its own, as Keras' clipnorm
def clip_gradients(gradients, limit):
    return [g * min(1, limit / max(np.linalg.norm(g), 1e-12)) for g in gradients]


# %% mistake 0.5: the entries are cut off, as by Keras' clipvalue
def clip_gradients(gradients, limit):
    largest = max(np.abs(g).max() for g in gradients)
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [np.clip(g, -limit / 9, limit / 9) if norm > limit else g for g in gradients]


# %% mistake 1: always scaled to the limit
def clip_gradients(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g * limit / max(norm, 1e-12) for g in gradients]


# %% mistake 1: zeros become NaN
def clip_gradients(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g / norm * min(norm, limit) for g in gradients]


# %% mistake 0.5: to the norm 1 above the limit
def clip_gradients(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g / norm if norm > limit else g for g in gradients]


# %% mistake 0.5: divided by the limit above it
def clip_gradients(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g / limit if norm > limit else g for g in gradients]


# %% mistake 0: the squared norm for the norm
def clip_gradients(gradients, limit):
    norm = sum((g**2).sum() for g in gradients)
    return [g * min(1, limit / max(norm, 1e-12)) for g in gradients]


# %% mistake 0: the norms are added
def clip_gradients(gradients, limit):
    norm = sum(np.linalg.norm(g) for g in gradients) * 2
    return [g * min(1, limit / max(norm, 1e-12)) for g in gradients]


# %% mistake 0: nothing is clipped
def clip_gradients(gradients, limit):
    return gradients


# %% mistake 0: zeros
def clip_gradients(gradients, limit):
    return [0 * g for g in gradients]


# %% mistake 0: one long array
def clip_gradients(gradients, limit):
    flat = np.concatenate([g.ravel() for g in gradients])
    return flat * min(1, limit / max(np.linalg.norm(flat), 1e-12))


# %% mistake 0: each array on its own, always to the limit
def clip_gradients(gradients, limit):
    return [limit * g / np.linalg.norm(g) for g in gradients]


# %% mistake 0: the largest entry is scaled to the limit
def clip_gradients(gradients, limit):
    largest = max(np.abs(g).max() for g in gradients) * 100
    return [g * min(1, limit / max(largest, 1e-12)) for g in gradients]


# %% mistake 1: scaled in place
def clip_gradients(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    for g in gradients:
        if norm > limit:
            g *= limit / norm
    return gradients


# %% mistake 0.5: the direction turned above the limit
def clip_gradients(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [-g * limit / norm if norm > limit else g for g in gradients]
