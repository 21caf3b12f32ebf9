"""placeholder"""


def read_stamp(lines, page_box):
    return {}
