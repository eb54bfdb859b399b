# %% right: with NumPy arrays
def generalization_gap(history):
    loss, val_loss = np.array(history["loss"]), np.array(history["val_loss"])
    return (val_loss - loss)[val_loss.argmin()]


# %% right: with min and index
def generalization_gap(history):
    lowest = min(history["val_loss"])
    return lowest - history["loss"][history["val_loss"].index(lowest)]


# %% right: a loop
def generalization_gap(logs):
    best = None
    for train, val in zip(logs["loss"], logs["val_loss"]):
        if best is None or val < best[1]:
            best = train, val
    return best[1] - best[0]


# %% right: pairs, sorted
def generalization_gap(history):
    pairs = sorted(zip(history["val_loss"], history["loss"]))
    return np.float32(pairs[0][0] - pairs[0][1])


# %% right: keras.ops
def generalization_gap(history):
    loss, val_loss = (keras.ops.convert_to_tensor(history[k]) for k in ("loss", "val_loss"))
    best = keras.ops.argmin(val_loss)
    return keras.ops.take(val_loss - loss, best)


# %% mistake 0: at the last epoch
def generalization_gap(history):
    return history["val_loss"][-1] - history["loss"][-1]


# %% mistake 0: at the epoch of the lowest training loss
def generalization_gap(history):
    best = int(np.argmin(history["loss"]))
    return history["val_loss"][best] - history["loss"][best]


# %% mistake 0: the two lowest losses, of different epochs
def generalization_gap(history):
    return min(history["val_loss"]) - min(history["loss"])


# %% mistake 0: the sign the other way round
def generalization_gap(history):
    best = int(np.argmin(history["val_loss"]))
    return history["loss"][best] - history["val_loss"][best]


# %% mistake 0: never negative
def generalization_gap(history):
    best = int(np.argmin(history["val_loss"]))
    return abs(history["val_loss"][best] - history["loss"][best])


# %% mistake 0: at the epoch of the best validation accuracy
def generalization_gap(history):
    best = int(np.argmax(history["val_accuracy"]))
    return history["val_loss"][best] - history["loss"][best]


# %% mistake 0: at the highest validation loss
def generalization_gap(history):
    best = int(np.argmax(history["val_loss"]))
    return history["val_loss"][best] - history["loss"][best]


# %% mistake 0: accuracies instead of losses
def generalization_gap(history):
    best = int(np.argmin(history["val_loss"]))
    return history["accuracy"][best] - history["val_accuracy"][best]


# %% mistake 0: one epoch late
def generalization_gap(history):
    best = int(np.argmin(history["val_loss"])) + 1
    return history["val_loss"][best] - history["loss"][best]


# %% mistake 0: the smallest gap
def generalization_gap(history):
    return min(np.array(history["val_loss"]) - np.array(history["loss"]))


# %% mistake 0: the mean gap
def generalization_gap(history):
    return np.mean(history["val_loss"]) - np.mean(history["loss"])


# %% mistake 0: relative to the training loss
def generalization_gap(history):
    best = int(np.argmin(history["val_loss"]))
    return history["val_loss"][best] / history["loss"][best]


# %% mistake 0: the History object is expected
def generalization_gap(history):
    history = history.history
    best = int(np.argmin(history["val_loss"]))
    return history["val_loss"][best] - history["loss"][best]


# %% mistake 0: zero
def generalization_gap(history):
    return 0.0
