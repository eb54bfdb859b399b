# Answers to "standardize"; see tests/grading/test_answers.py.

# %% right: with loops
def standardize(train, test):
    scaled_train, scaled_test = np.zeros(train.shape), np.zeros(test.shape)
    for column in range(train.shape[1]):
        values = [float(value) for value in train[:, column]]
        mean = sum(values) / len(values)
        deviation = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        for row in range(len(train)):
            scaled_train[row, column] = (train[row, column] - mean) / (deviation or 1.0)
        for row in range(len(test)):
            scaled_test[row, column] = (test[row, column] - mean) / (deviation or 1.0)
    return scaled_train, scaled_test


# %% right: divided by n − 1, in float32
def standardize(train, test):
    mean = train.mean(axis=0)
    std = train.std(axis=0, ddof=1)
    std = np.where(std == 0, 1, std)
    return ((train - mean) / std).astype("float32"), ((test - mean) / std).astype("float32")


# %% right: keras.ops, a small number against division by zero
def standardize(train, test):
    mean = keras.ops.mean(train, axis=0)
    std = keras.ops.std(train, axis=0) + 1e-7
    return (train - mean) / std, (test - mean) / std


# %% right: a helper, nested lists returned as a list
def statistics_of(table):
    spread = np.sqrt(((table - table.mean(0)) ** 2).mean(0))
    spread[spread < 1e-12] = 1.0
    return table.mean(0), spread


def standardize(train, test):
    centre, spread = statistics_of(train)
    return [((table - centre) / spread).tolist() for table in (train, test)]


# %% right: scikit-learn
from sklearn.preprocessing import StandardScaler


def standardize(train, test):
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


# %% mistake 1: the test table is scaled by its own statistics
def standardize(train, test):
    def scaled(table):
        std = table.std(axis=0)
        return (table - table.mean(axis=0)) / np.where(std == 0, 1, std)

    return scaled(train), scaled(test)


# %% mistake 0: statistics of both tables together
def standardize(train, test):
    both = np.concatenate([train, test])
    mean, std = both.mean(axis=0), both.std(axis=0)
    return (train - mean) / std, (test - mean) / std


# %% mistake 1.5: no thought of a constant column
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / std, (test - mean) / std


# %% mistake 0: along the wrong axis
def standardize(train, test):
    def scaled(table):
        return (table - table.mean(axis=1, keepdims=True)) / table.std(axis=1, keepdims=True)

    return scaled(train), scaled(test)


# %% mistake 0: one mean and deviation for the whole table
def standardize(train, test):
    return (train - train.mean()) / train.std(), (test - train.mean()) / train.std()


# %% mistake 0: divided by the variance
def standardize(train, test):
    mean, variance = train.mean(axis=0), train.var(axis=0)
    variance = np.where(variance == 0, 1, variance)
    return (train - mean) / variance, (test - mean) / variance


# %% mistake 1.5: the inputs are changed in place
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std == 0] = 1
    train -= mean
    test -= mean
    return train / std, test / std


# %% mistake 1.5: a constant column is left out
def standardize(train, test):
    varies = train.std(axis=0) > 0
    mean, std = train[:, varies].mean(axis=0), train[:, varies].std(axis=0)
    return (train[:, varies] - mean) / std, (test[:, varies] - mean) / std


# %% mistake 0: scaled to [0, 1]
def standardize(train, test):
    low, width = train.min(axis=0), np.maximum(np.ptp(train, axis=0), 1e-9)
    return (train - low) / width, (test - low) / width


# %% mistake 0: the tables come back in the wrong order
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (test - mean) / std, (train - mean) / std


# %% mistake 0.5: test is centred by train's mean, and divided by its own deviation
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / std, (test - mean) / test.std(axis=0)


# %% mistake 0: zeros everywhere
def standardize(train, test):
    return np.zeros_like(train), np.zeros_like(test)


# %% right: divided by the deviation, or by 1e-12 if that is larger
def standardize(train, test):
    deviation = np.maximum(train.std(axis=0, dtype="float64"), 1e-12)
    return tuple((table - train.mean(axis=0)) / deviation for table in (train, test))


# %% mistake 1.5: infinities made the largest float, which is finite
def standardize(train, test):
    with np.errstate(all="ignore"):
        scaled = [(table - train.mean(0)) / train.std(0) for table in (train, test)]
    return [np.nan_to_num(table) for table in scaled]


# %% mistake 1.5: infinities made 1e30
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    scaled_test = (test - mean) / np.where(std == 0, 1, std)
    scaled_test[:, std == 0] = 1e30
    return (train - mean) / np.where(std == 0, 1, std), scaled_test


# %% mistake 0: no deviation below 1
def standardize(train, test):
    mean, std = train.mean(axis=0), np.maximum(train.std(axis=0), 1)
    return (train - mean) / std, (test - mean) / std


# %% mistake 1.5: NaN in the test table's constant column
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    constant = std == 0
    scaled = (train - mean) / np.where(constant, 1, std)
    return scaled, (test - mean) / np.where(constant, np.nan, std)


# %% mistake 1: the training table is not scaled, which a constant column does not make up for
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return train - mean, (test - mean) / np.where(std == 0, 1, std)
