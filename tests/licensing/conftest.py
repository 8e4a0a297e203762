"""Every guard of licensing's flows is watched while this folder's tests run."""

from qipan.kernel.flow import testing

testing.record()
pytest_collection_modifyitems = testing.check_last
