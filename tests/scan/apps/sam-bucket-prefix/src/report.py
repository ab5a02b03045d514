def handler(event, context):
    print("nothing new")
