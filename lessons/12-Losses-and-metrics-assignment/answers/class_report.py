# %% right: scikit-learn, specificity by hand
def class_report(y_true, y_pred, n_classes):
    from sklearn.metrics import precision_recall_fscore_support

    names = range(n_classes)
    precision, recall, f1, _ = precision_recall_fscore_support(
        y_true, y_pred, labels=names, zero_division=0
    )
    specificity = []
    for one in names:
        others = y_true != one
        specificity.append(np.mean(y_pred[others] != one) if others.any() else 0.0)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": np.mean(y_true == y_pred), "macro_f1": f1.mean(),
    }  # fmt: skip


# %% right: plain Python
def class_report(y_true, y_pred, n_classes):
    def share(part, whole):
        return part / whole if whole else 0.0

    pairs = list(zip(y_true.tolist(), y_pred.tolist()))
    report = {"precision": [], "recall": [], "specificity": [], "f1": []}
    for one in range(n_classes):
        tp = sum(t == one and p == one for t, p in pairs)
        fp = sum(t != one and p == one for t, p in pairs)
        fn = sum(t == one and p != one for t, p in pairs)
        tn = len(pairs) - tp - fp - fn
        report["precision"].append(share(tp, tp + fp))
        report["recall"].append(share(tp, tp + fn))
        report["specificity"].append(share(tn, tn + fp))
        report["f1"].append(share(2 * tp, 2 * tp + fp + fn))
    report["accuracy"] = sum(t == p for t, p in pairs) / len(pairs)
    report["macro_f1"] = sum(report["f1"]) / n_classes
    return report


# %% right: TensorFlow's confusion matrix, divide_no_nan
def class_report(y_true, y_pred, n_classes):
    table = tf.cast(tf.math.confusion_matrix(y_true, y_pred, num_classes=n_classes), "float64")
    divide = tf.math.divide_no_nan
    hits, occur = tf.linalg.diag_part(table), tf.reduce_sum(table, 1)
    said, n = tf.reduce_sum(table, 0), tf.reduce_sum(table)
    precision, recall = divide(hits, said), divide(hits, occur)
    f1 = divide(2 * precision * recall, precision + recall)
    return {
        "precision": precision, "recall": recall, "f1": f1,
        "specificity": divide(n - occur - said + hits, n - occur),
        "accuracy": tf.reduce_sum(hits) / n, "macro_f1": tf.reduce_mean(f1),
    }  # fmt: skip


# %% right: nan_to_num, and more keys than asked for
def class_report(y_true, y_pred, n_classes):
    true, said = (np.arange(n_classes)[:, None] == y for y in (y_true, y_pred))
    with np.errstate(all="ignore"):
        report = {
            "precision": np.nan_to_num((true & said).sum(1) / said.sum(1)),
            "recall": np.nan_to_num((true & said).sum(1) / true.sum(1)),
            "specificity": np.nan_to_num((~true & ~said).sum(1) / (~true).sum(1)),
        }
        p, r = report["precision"], report["recall"]
        report["f1"] = np.nan_to_num(2 * p * r / (p + r))
    balanced = report["recall"].mean()
    return report | {
        "accuracy": (true & said).any(0).mean(), "macro_f1": report["f1"].mean(),
        "balanced_accuracy": balanced,
    }  # fmt: skip


# %% mistake 3: precision and recall exchanged
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    recall, precision = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3: 0/0 is not a number
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / said, hits / occur
    specificity = rest / (n - occur)
    f1 = 2 * hits / (occur + said)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3: 0/0 counts as 1
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    precision[said == 0], recall[occur == 0] = 1, 1
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3: f1 is the arithmetic mean
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = (precision + recall) / 2
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3: f1 by the formula fails where both are 0
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * precision * recall / (precision + recall)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: specificity is the precision of the others
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - said, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: specificity is the false positive rate
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = (said - hits) / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: specificity is the recall
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = recall
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: macro f1 of mean precision and mean recall
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": 2 * precision.mean() * recall.mean() / (precision.mean() + recall.mean()),
    }  # fmt: skip


# %% mistake 3: macro f1 over the classes that occur
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1[occur > 0].mean(),
    }  # fmt: skip


# %% mistake 3.5: macro f1 weighted by how often a class occurs
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": (f1 * occur).sum() / n,
    }  # fmt: skip


# %% mistake 3.5: accuracy is the mean recall
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": recall.mean(), "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: accuracy is the share of mistakes
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": 1 - hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: accuracy counts right answers
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum(), "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3.5: a key with another name
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro-f1": f1.mean(),
    }  # fmt: skip


# %% mistake 3: as many classes as the labels name
def class_report(y_true, y_pred, n_classes):
    n_classes = max(y_true.max(), y_pred.max()) + 1
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip


# %% mistake 0.5: accuracy alone
def class_report(y_true, y_pred, n_classes):
    return {"accuracy": np.mean(y_true == y_pred)}


# %% mistake 1: accuracy and macro f1 alone
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {"accuracy": hits.sum() / n, "macro_f1": f1.mean()}


# %% mistake 0.5: one number for all classes
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    share = hits.sum() / n
    return {
        "precision": share, "recall": share, "specificity": rest.sum() / (len(occur) - 1) / n,
        "f1": share, "accuracy": share, "macro_f1": share,
    }  # fmt: skip


# %% mistake 0: a list in place of a dictionary
def class_report(y_true, y_pred, n_classes):
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return [precision, recall, specificity, f1, hits.sum() / n, f1.mean()]


# %% mistake 0: all zeros
def class_report(y_true, y_pred, n_classes):
    zeros = dict.fromkeys(("precision", "recall", "specificity", "f1"), np.zeros(n_classes))
    return {**zeros, "accuracy": 0.0, "macro_f1": 0.0}


# %% mistake 3.5: the labels are sorted in place
def class_report(y_true, y_pred, n_classes):
    order = np.argsort(y_true)
    y_pred[:] = y_pred[order]
    y_true[:] = y_true[order]
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (y_true, y_pred), 1)
    hits, occur, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    rest, n = len(y_true) - occur - said + hits, len(y_true)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(occur, 1)
    specificity = rest / np.maximum(n - occur, 1)
    f1 = 2 * hits / np.maximum(occur + said, 1)
    return {
        "precision": precision, "recall": recall, "specificity": specificity, "f1": f1,
        "accuracy": hits.sum() / n, "macro_f1": f1.mean(),
    }  # fmt: skip
