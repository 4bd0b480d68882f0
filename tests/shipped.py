"""The names of what is shipped, written out: a test over what is installed would pass if nothing were."""

INT8 = (
    "hrnet_240x432_int8",
    "hrnet_480x864_int8",
    "mobilenet_v2_240x432_int8",
    "mobilenet_v2_480x864_int8",
)
FLOAT16 = tuple(name.replace("int8", "float16") for name in INT8)
FILES = tuple(sorted(INT8 + FLOAT16))
NETWORKS = ("hrnet", "hrnet_int8", "mobilenet_v2", "mobilenet_v2_int8")
