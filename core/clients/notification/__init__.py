"""The way out to people: one message through one channel (DingTalk, Slack, webhook, mail …), and what became of it. Who
is told what is in core/actions."""

from core.clients.notification.channel import Answer, Message, Outcome, check, scheme, send

__all__ = ["Answer", "Message", "Outcome", "check", "scheme", "send"]
