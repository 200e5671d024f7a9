"""What the suite's own fixtures promise."""

import smtplib
import sys
import urllib.error
import urllib.request
from email.message import EmailMessage

import pytest
from sqlalchemy import create_engine, text


def test_each_test_has_a_postgresql_database_of_its_own(pg_url):
    engine = create_engine(pg_url)
    with engine.connect() as connection:
        assert (
            connection.scalar(text("select count(*) from pg_tables where schemaname = 'public'"))
            == 0
        )
    engine.dispose()


def test_both_brokers_carry_messages_and_keep_their_port_over_a_kill(broker, capmqtt, eventually):
    port = broker.port
    capmqtt.publish("ck1/main/tank-1/hb", b"{}")
    eventually(lambda: capmqtt.messages)
    assert [(message.topic, message.payload) for message in capmqtt.messages] == [
        ("ck1/main/tank-1/hb", b"{}")
    ]
    broker.kill()
    broker.restart()
    assert broker.port == port


def test_the_mail_server_keeps_what_it_is_given(smtp_sink):
    mail = EmailMessage()
    mail["from"], mail["to"], mail["subject"] = "bank@example.org", "lee@example.org", "−150 °C"
    mail.set_content("warm")
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client:
        client.send_message(mail)
    assert smtp_sink.wait_for(1)[0]["subject"] == "−150 °C"


def test_the_webhook_receiver_can_fail(webhook_receiver):
    def call():
        request = urllib.request.Request(webhook_receiver.url, data=b'{"a": 1}', method="POST")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status

    webhook_receiver.status = 500
    with pytest.raises(urllib.error.HTTPError) as refused:
        call()
    refused.value.close()
    webhook_receiver.status = 204
    assert call() == 204
    assert [said.json for said in webhook_receiver.calls] == [{"a": 1}]


def test_a_child_is_ended_with_its_test(process):
    child = process(
        [sys.executable, "-c", "print('here', flush=True); import time; time.sleep(60)"]
    )
    child.wait_for_log("here")
    assert child.running()


def test_chromium_opens_a_page(page):
    page.set_content("<h1>冻存</h1>")
    assert page.inner_text("h1") == "冻存"
