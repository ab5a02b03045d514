import json
import os
import smtplib

import boto3

sns = boto3.client("sns")


def handler(event, context):
    for record in event["Records"]:
        message = json.loads(record["body"])
        sns.publish(PhoneNumber=message["phone"], Message="Your appointment is tomorrow.")
        with smtplib.SMTP("mail.clinic.example.com", 587) as smtp:
            smtp.starttls()
            smtp.login("clinic", os.environ["SMTP_PASSWORD"])
            smtp.sendmail("noreply@clinic.example.com", message["mail"], "Subject: Reminder\n\nTomorrow.")
