"""The one policy that every sender obeys: may this go out now?"""
