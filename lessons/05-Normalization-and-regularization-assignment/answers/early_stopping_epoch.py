# %% right: best loss, best epoch and a counter
def early_stopping_epoch(validation_losses, patience, min_delta):
    best_loss, best_epoch, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(validation_losses):
        if loss < best_loss - min_delta:
            best_loss, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
            if waited >= patience:
                return epoch, best_epoch
    return len(validation_losses) - 1, best_epoch


# %% right: a while loop, the counter checked before the next epoch
def early_stopping_epoch(losses, patience, min_delta):
    epoch, best, bad = 0, 0, 0
    while epoch + 1 < len(losses) and bad < patience:
        epoch += 1
        if losses[best] - losses[epoch] > min_delta:
            best, bad = epoch, 0
        else:
            bad += 1
    return [epoch, best]


# %% right: Keras' callback itself
class Stopped:
    stop_training = False


def early_stopping_epoch(validation_losses, patience, min_delta):
    callback = keras.callbacks.EarlyStopping(
        monitor="val_loss", mode="min", patience=patience, min_delta=min_delta
    )
    model = Stopped()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(validation_losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    return epoch, callback.best_epoch


# %% right: with NumPy integers, by looking for the next better epoch
def early_stopping_epoch(validation_losses, patience, min_delta):
    losses = np.asarray(validation_losses)
    best = np.int64(0)
    while True:
        window = losses[best + 1 : best + 1 + patience]
        better = np.flatnonzero(window < losses[best] - min_delta)
        if len(better) == 0:
            return best + len(window), best
        best = best + 1 + better[0]


# %% right: recursive, float32 array
def after(losses, best, epoch, patience, min_delta):
    if epoch == len(losses):
        return epoch - 1, best
    if losses[epoch] < losses[best] - min_delta:
        return after(losses, epoch, epoch + 1, patience, min_delta)
    if epoch - best == patience:
        return epoch, best
    return after(losses, best, epoch + 1, patience, min_delta)


def early_stopping_epoch(validation_losses, patience, min_delta):
    losses = np.array(validation_losses, "float32")
    return np.array(after(losses, 0, 1, patience, min_delta))


# %% mistake 1: stops one epoch late
def early_stopping_epoch(validation_losses, patience, min_delta):
    best_loss, best, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(validation_losses):
        if loss < best_loss - min_delta:
            best_loss, best, waited = loss, epoch, 0
        elif waited + 1 >= patience:
            return min(epoch + 1, len(validation_losses) - 1), best
        else:
            waited += 1
    return len(validation_losses) - 1, best


# %% mistake 0: waits for one epoch more than patience
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best > patience:
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: waits for one epoch less than patience
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= max(patience - 1, 1):
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: epochs counted from 1
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch + 1, best + 1
    return len(validation_losses), best + 1


# %% mistake 1: the number of epochs instead of the last epoch
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(validation_losses), best


# %% mistake 0: the two swapped
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            return best, epoch
    return best, len(validation_losses) - 1


# %% mistake 0: bad epochs counted, not in a row
def early_stopping_epoch(validation_losses, patience, min_delta):
    best, bad = 0, 0
    for epoch, loss in enumerate(validation_losses[1:], start=1):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        else:
            bad += 1
            if bad >= patience:
                return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: min_delta ignored
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: a tie counts as better
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss <= validation_losses[best] - min_delta:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: compared with the epoch before
def early_stopping_epoch(validation_losses, patience, min_delta):
    best, waited = 0, 0
    for epoch in range(1, len(validation_losses)):
        if validation_losses[epoch] < validation_losses[epoch - 1] - min_delta:
            best, waited = epoch, 0
        else:
            waited += 1
            if waited >= patience:
                return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: the best loss follows small improvements too
def early_stopping_epoch(validation_losses, patience, min_delta):
    best_loss, best, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(validation_losses):
        if loss < best_loss - min_delta:
            best, waited = epoch, 0
        else:
            waited += 1
        best_loss = min(best_loss, loss)
        if waited >= patience:
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 1: the lowest loss so far taken for the best epoch
def early_stopping_epoch(validation_losses, patience, min_delta):
    best, stop = 0, len(validation_losses) - 1
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            stop = epoch
            break
    return stop, int(np.argmin(validation_losses[: stop + 1]))


# %% mistake 1: the lowest loss of all taken for the best epoch
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch, int(np.argmin(validation_losses))
    return len(validation_losses) - 1, int(np.argmin(validation_losses))


# %% mistake 0: higher is better
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss > validation_losses[best] + min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: min_delta added
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses[1:], start=1):
        if loss < validation_losses[best] + min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(validation_losses) - 1, best


# %% mistake 0: never stops
def early_stopping_epoch(validation_losses, patience, min_delta):
    return len(validation_losses) - 1, int(np.argmin(validation_losses))


# %% mistake 0: one number
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch
    return len(validation_losses) - 1


# %% mistake 0: nothing if training never stops early
def early_stopping_epoch(validation_losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best] - min_delta:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best


# %% mistake 0: the initial best loss is 1
def early_stopping_epoch(validation_losses, patience, min_delta):
    best_loss, best, waited = 1.0, 0, 0
    for epoch, loss in enumerate(validation_losses):
        if loss < best_loss - min_delta:
            best_loss, best, waited = loss, epoch, 0
        else:
            waited += 1
            if waited >= patience:
                return epoch, best
    return len(validation_losses) - 1, best
