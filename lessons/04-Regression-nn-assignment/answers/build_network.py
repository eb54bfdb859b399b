# Answers to "build_network"; see tests/grading/test_answers.py.

# %% right: Sequential, compiled
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential()
    network.add(keras.Input(shape=(n_features,)))
    for _ in range(depth):
        network.add(
            keras.layers.Dense(width, activation=activation, kernel_initializer=initializer)
        )
    network.add(keras.layers.Dense(1))
    network.compile(optimizer="adam", loss="mse")
    return network


# %% right: subclassed, the output layer made first
class Network(keras.Model):
    def __init__(self, depth, width, activation, initializer):
        super().__init__()
        self.last = keras.layers.Dense(1)
        self.hidden = [
            keras.layers.Dense(width, activation=activation, kernel_initializer=initializer)
            for _ in range(depth)
        ]

    def call(self, inputs):
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.last(inputs)


def build_network(n_features, depth, width, activation, initializer):
    return Network(depth, width, activation, initializer)


# %% right: subclassed and built, layers in order
class Regressor(keras.Model):
    def __init__(self, sizes, activation, initializer):
        super().__init__()
        self.stack = keras.Sequential(
            [keras.layers.Dense(n, activation, kernel_initializer=initializer) for n in sizes]
            + [keras.layers.Dense(1, "linear")]
        )

    def call(self, inputs, training=None):
        return self.stack(inputs)


def build_network(n_features, depth, width, activation, initializer):
    model = Regressor([width] * depth, activation, initializer)
    model(np.zeros((1, n_features)))
    return model


# %% right: activations as layers of their own, a clone of an object for each layer
def build_network(n_features, depth, width, activation, initializer):
    inputs = keras.Input((n_features,))
    x = inputs
    for _ in range(depth):
        drawn = keras.initializers.get(initializer)
        drawn = type(drawn).from_config(drawn.get_config())
        x = keras.layers.Dense(width, kernel_initializer=drawn, name=None)(x)
        x = keras.layers.Activation(activation)(x)
    outputs = keras.layers.Dense(units=1, activation=None, kernel_initializer=initializer)(x)
    return keras.Model(inputs=inputs, outputs=outputs)


# %% right: a Sequential model that learns its input's width when it is first called
def build_network(n_features, depth, width, activation, initializer):
    hidden = [
        keras.layers.Dense(width, activation, kernel_initializer=initializer) for _ in range(depth)
    ]
    return keras.Sequential([*hidden, keras.layers.Dense(1)])


# %% mistake 2: the activation at the output too
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for units in [width] * depth + [1]:
        network.add(keras.layers.Dense(units, activation, kernel_initializer=initializer))
    return network


# %% mistake 1: the output layer counted as one of the hidden ones
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth - 1):
        network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 1: one hidden layer too many
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth + 1):
        network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: the initializer is forgotten
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, activation))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: only the first layer gets the initializer
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
    for _ in range(depth - 1):
        network.add(keras.layers.Dense(width, activation))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: ReLU, whatever is asked for
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, activation="relu", kernel_initializer=initializer))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: no activation
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, kernel_initializer=initializer))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: no activation in the first layer
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    network.add(keras.layers.Dense(width, kernel_initializer=initializer))
    for _ in range(depth - 1):
        network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: the initializer goes to the biases
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, activation, bias_initializer=initializer))
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 2: names only
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        layer = keras.layers.Dense(width, activation, kernel_initializer=initializer.lower())
        network.add(layer)
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 1: no biases
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(
            keras.layers.Dense(width, activation, use_bias=False, kernel_initializer=initializer)
        )
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 1: batch normalisation between the layers
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
        network.add(keras.layers.BatchNormalization())
    network.add(keras.layers.Dense(1))
    return network


# %% mistake 0: nothing returned
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
    network.add(keras.layers.Dense(1))


# %% mistake 2: dropout between the layers
def build_network(n_features, depth, width, activation, initializer):
    network = keras.Sequential([keras.Input((n_features,))])
    for _ in range(depth):
        network.add(keras.layers.Dense(width, activation, kernel_initializer=initializer))
        network.add(keras.layers.Dropout(0.2))
    network.add(keras.layers.Dense(1))
    return network
