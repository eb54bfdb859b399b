# Answers to "forward"; see tests/grading/test_answers.py.

# %% right: recursion, and an array of functions
def forward(x, weights, activation):
    squash = {"tanh": np.tanh, "relu": lambda h: h * (h > 0), "sigmoid": lambda h: 0.5 * (1 + np.tanh(h / 2))}
    (kernel, bias), *rest = weights
    h = np.dot(x, kernel)
    if bias is not None:
        h = h + bias
    if not rest:
        return [h], [h]
    a = squash[activation](h)
    deeper = forward(a, rest, activation)
    return [h] + deeper[0], [a] + deeper[1]


# %% right: Keras' activations, tensors and tuples returned
def forward(x, weights, activation):
    function = keras.activations.get(activation)
    pre_activations, activations = (), ()
    a = keras.ops.convert_to_tensor(x)
    for number, (kernel, bias) in enumerate(weights):
        h = keras.ops.matmul(a, kernel)
        if bias is not None:
            h = h + bias
        a = function(h) if number < len(weights) - 1 else h
        pre_activations += (h,)
        activations += (a,)
    return pre_activations, activations


# %% right: row by row, with loops, lists of numbers
def forward(x, weights, activation):
    pre_activations = [[] for _ in weights]
    activations = [[] for _ in weights]
    for row in x:
        a = list(row)
        for layer, (kernel, bias) in enumerate(weights):
            h = [sum(a[i] * kernel[i][j] for i in range(len(a))) for j in range(len(kernel[0]))]
            if bias is not None:
                h = [value + b for value, b in zip(h, bias)]
            if layer + 1 < len(weights):
                if activation == "tanh":
                    a = [np.tanh(value) for value in h]
                elif activation == "sigmoid":
                    a = [1 / (1 + np.exp(-value)) for value in h]
                else:
                    a = [max(0.0, value) for value in h]
            else:
                a = h
            pre_activations[layer].append(h)
            activations[layer].append(a)
    return pre_activations, activations


# %% right: in float32, a list of both
def forward(x, weights, activation):
    hs, activations = [], [np.asarray(x, "float32")]
    for kernel, bias in weights:
        bias = np.zeros(kernel.shape[1]) if bias is None else bias
        hs.append((activations[-1] @ kernel + bias).astype("float32"))
        h = hs[-1]
        activations.append({"tanh": np.tanh(h), "sigmoid": 1 / (1 + np.exp(-h)), "relu": np.where(h > 0, h, 0)}[activation])
    activations[-1] = hs[-1]
    return [hs, activations[1:]]


# %% mistake 1.5: the activation at the output too
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations, a = [], [], x
    for kernel, bias in weights:
        h = a @ kernel + (0 if bias is None else bias)
        a = function(h)
        hs.append(h)
        activations.append(a)
    return hs, activations


# %% mistake 1.5: the input is the first activation
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations = [], [x]
    for kernel, bias in weights:
        hs.append(activations[-1] @ kernel + (0 if bias is None else bias))
        activations.append(function(hs[-1]))
    activations[-1] = hs[-1]
    return hs, activations


# %% mistake 0: W transposed
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations, a = [], [], x
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel.T if kernel.shape[0] == kernel.shape[1] else a @ kernel
        h = h + (0 if bias is None else bias)
        a = h if layer == len(weights) - 1 else function(h)
        hs.append(h)
        activations.append(a)
    return hs, activations


# %% mistake 0: the biases are forgotten
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations, a = [], [], x
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel
        a = h if layer == len(weights) - 1 else function(h)
        hs.append(h)
        activations.append(a)
    return hs, activations


# %% mistake 0: a layer without a bias is not foreseen
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations, a = [], [], x
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel + bias
        a = h if layer == len(weights) - 1 else function(h)
        hs.append(h)
        activations.append(a)
    return hs, activations


# %% mistake 0: the bias after the activation
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations, a = [], [], x
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel
        a = h if layer == len(weights) - 1 else function(h)
        a = a + (0 if bias is None else bias)
        hs.append(h)
        activations.append(a)
    return hs, activations


# %% mistake 0: the two lists swapped
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations, a = [], [], x
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel + (0 if bias is None else bias)
        a = h if layer == len(weights) - 1 else function(h)
        hs.append(h)
        activations.append(a)
    return activations, hs


# %% mistake 0: always tanh
def forward(x, weights, activation):
    hs, activations, a = [], [], x
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel + (0 if bias is None else bias)
        a = h if layer == len(weights) - 1 else np.tanh(h)
        hs.append(h)
        activations.append(a)
    return hs, activations


# %% mistake 0: the signal goes on without its activation
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, h = [], x
    for kernel, bias in weights:
        h = h @ kernel + (0 if bias is None else bias)
        hs.append(h)
    return hs, [function(h) for h in hs[:-1]] + [hs[-1]]


# %% mistake 0: three layers whatever comes
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    (W1, b1), (W2, b2), (W3, b3) = weights
    h1 = x @ W1 + (0 if b1 is None else b1)
    a1 = function(h1)
    h2 = a1 @ W2 + (0 if b2 is None else b2)
    a2 = function(h2)
    h3 = a2 @ W3 + (0 if b3 is None else b3)
    return [h1, h2, h3], [a1, a2, h3]


# %% mistake 0: only the output
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    for kernel, bias in weights[:-1]:
        x = function(x @ kernel + (0 if bias is None else bias))
    kernel, bias = weights[-1]
    return x @ kernel + (0 if bias is None else bias)


# %% mistake 2.5: the input is scaled in place
def forward(x, weights, activation):
    function = {"tanh": np.tanh, "sigmoid": lambda h: 1 / (1 + np.exp(-h)), "relu": lambda h: np.maximum(h, 0)}[activation]
    hs, activations = [], []
    x *= 1.5
    a = x / 1.5
    for layer, (kernel, bias) in enumerate(weights):
        h = a @ kernel + (0 if bias is None else bias)
        a = h if layer == len(weights) - 1 else function(h)
        hs.append(h)
        activations.append(a)
    return hs, activations
