"""Turns every skipped test into a failed one; loaded by `make` when CI=true, where nothing may be left out."""

import pytest

MESSAGE = "skipped, which CI does not allow: "


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> object:
    """A test skipped by mark or call fails; an expected failure stays what it is."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = MESSAGE + str(report.longrepr)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> object:
    """A file skipped as a whole, as by `importorskip`, fails."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = MESSAGE + str(report.longrepr)
    return report
