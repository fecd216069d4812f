"""What a node says."""


class Log:
    """What the node logs."""

    def __init__(self, node, monkeypatch):
        self.lines = []

        class Recorder:
            def __getattr__(recorder, level):
                return lambda text, **_: self.lines.append((level, text))

        monkeypatch.setattr(node, "get_logger", Recorder)

    def said(self, text):
        return [line for line in self.lines if text in line[1]]
