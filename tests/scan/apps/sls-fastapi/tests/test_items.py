API_TOKEN = "test-token-not-real"
def test_password():
    assert {"password": "hunter2"}["password"] == "hunter2"
