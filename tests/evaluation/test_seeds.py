from ttvos_tf.evaluation.seeds import claims, table

RESULTS = {
    "1": {"six": [{"a_1": 0.5, "b_1": 0.7}, {"a_1": 0.6, "b_1": 0.8}], "videos": [{"c_1": 0.2}, {"c_1": 0.4}]},
    "2": {"six": [{"a_1": 0.4, "b_1": 0.6}, {"a_1": 0.4, "b_1": 0.6}], "videos": [{"c_1": 0.3}, {"c_1": 0.3}]},
}


def test_the_table_has_the_mean_and_the_range_of_the_seeds():
    assert table({"2": "without", "1": "with"}, RESULTS).splitlines() == [
        "| | what | six | videos |",
        "| --- | --- | --- | --- |",
        "| 2 | without | 50.0 (50.0 to 50.0) | 30.0 (30.0 to 30.0) |",
        "| 1 | with | 65.0 (60.0 to 70.0) | 30.0 (20.0 to 40.0) |",
    ]
    assert "| 1 | a | 60.0 |" in table({"1": "a"}, {"1": {"six": RESULTS["1"]["six"][:1]}})


def test_a_claim_has_the_difference_of_means_and_of_each_seed():
    _, _, six, videos = claims({"it": ("1", "2")}, RESULTS).splitlines()
    # In each sequence the means differ by 15 points: whichever are drawn, so does the mean.
    assert six == "| it | 1 - 2 | six | +15.0 | +15.0 to +15.0 | +10.0, +20.0 | better |"
    assert videos == "| it | 1 - 2 | videos | +0.0 | -100.0 to +100.0 | -10.0, +10.0 | cannot tell |"
