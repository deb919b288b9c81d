"""What the one who starts the page can set."""

from pathlib import Path

import pytest

from playground.server.settings import Settings, read_settings, warning


def test_by_itself_the_page_is_for_this_machine_alone():
    settings = read_settings([], {})
    assert settings.host == "127.0.0.1" and not settings.profile.shared and settings.port is None
    assert settings.welcome and settings.workers is None and settings.runs == Path("runs")


def test_the_defaults_of_both_agree():
    asked, plain = read_settings([], {}), Settings()
    assert (asked.runs, asked.host, asked.port, asked.profile, asked.welcome, asked.workers) == (
        plain.runs, plain.host, plain.port, plain.profile, plain.welcome, plain.workers,
    )  # fmt: skip


def test_on_a_space_the_page_is_for_everyone_who_sees_their_own_runs():
    settings = read_settings([], {"SPACE_ID": "someone/playground", "DISPLAY": ":0"})
    assert settings.host == "0.0.0.0" and settings.profile.shared and not settings.browser


def test_arguments_win_over_the_environment():
    env = {"GPT_PLAYGROUND_RUNS": "elsewhere", "PORT": "8000", "GPT_PLAYGROUND_WELCOME": "0"}
    asked = read_settings([], env)
    assert (asked.runs, asked.port, asked.welcome) == (Path("elsewhere"), 8000, False)
    given = read_settings(["--runs", "here", "--port", "9", "--host", "0.0.0.0", "--shared", "--workers", "3"], env)
    assert (given.runs, given.port, given.host, given.profile.shared, given.workers) == (
        Path("here"),
        9,
        "0.0.0.0",
        True,
        3,
    )


def test_a_port_that_is_none_is_refused_in_words(capsys):
    assert read_settings([], {"PORT": ""}).port is None
    for port in ("abc", "-1", "1.5", "²", "0", "65536", "9" * 9):
        with pytest.raises(SystemExit):
            read_settings([], {"PORT": port})
        assert f"{port!r} is no port; give a number from 1 to 65535" in capsys.readouterr().err


def test_a_mistyped_profile_is_refused_in_words(capsys):
    assert read_settings([], {"GPT_PLAYGROUND_PROFILE": "classroom"}).profile.name == "classroom"
    with pytest.raises(SystemExit):
        read_settings([], {"GPT_PLAYGROUND_PROFILE": "clasroom"})
    assert "'clasroom' is no profile; set it to laptop, classroom, public" in capsys.readouterr().err


def test_who_opens_a_laptop_s_page_to_the_network_is_warned():
    assert "classroom" in warning(read_settings(["--host", "0.0.0.0"], {}))
    for arguments in ([], ["--host", "localhost"], ["--profile", "classroom"], ["--host", "127.0.0.2"]):
        assert warning(read_settings(arguments, {})) is None, arguments


def test_the_class_password_comes_from_a_file_or_the_environment_and_is_not_shown(tmp_path, capsys):
    file = tmp_path / "secret"
    file.write_text("from the file\nmore\n", encoding="utf-8")
    env = {"GPT_PLAYGROUND_CLASS_PASSWORD": "from outside"}
    assert read_settings([], {}).class_password is None
    assert read_settings([], env).class_password == "from outside"
    given = read_settings(["--class-password-file", str(file)], env)
    assert given.class_password == "from the file" and "from the file" not in repr(given)
    file.write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for path, remedy in ((file, "first line"), (tmp_path / "none", "may read"), (tmp_path, "may read"),
                         (tmp_path / "bytes", "UTF-8")):  # fmt: skip
        with pytest.raises(SystemExit):
            read_settings(["--class-password-file", str(path)], {})
        said = capsys.readouterr().err
        assert "The class password's file" in said and remedy in said


def test_a_browser_is_opened_where_there_is_a_screen(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert not read_settings([], {}).browser
    assert read_settings([], {"DISPLAY": ":0"}).browser and read_settings([], {"WAYLAND_DISPLAY": "w"}).browser
    assert not read_settings(["--no-browser"], {"DISPLAY": ":0"}).browser


def test_impossible_arguments_are_refused(capsys):
    for arguments in (["--workers", "0"], ["--workers", "-1"], ["--workers", "many"], ["--port", "x"]):
        with pytest.raises(SystemExit):
            read_settings(arguments, {})
        assert arguments[0] in capsys.readouterr().err, arguments


def test_an_address_of_ipv6_is_taken_with_and_without_brackets():
    assert read_settings(["--host", "::"], {}).host == read_settings(["--host", "[::]"], {}).host == "::"


def test_hosts_and_proxies_are_named_one_by_one_or_in_the_environment(capsys):
    env = {"GPT_PLAYGROUND_ALLOWED_HOSTS": "a.example, b.example", "GPT_PLAYGROUND_TRUSTED_PROXIES": "10.0.0.0/8"}
    asked = read_settings([], env)
    assert (asked.allowed_hosts, asked.trusted_proxies) == (("a.example", "b.example"), ("10.0.0.0/8",))
    asked = read_settings(["--allow-host", "c.example", "--allow-host", "D.example", "--trust-proxy", "::1"], env)
    assert (asked.allowed_hosts, asked.trusted_proxies) == (("c.example", "d.example"), ("::1/128",))
    assert read_settings([], {}).allowed_hosts == read_settings([], {}).trusted_proxies == ()
    for arguments in (["--allow-host", "http://a"], ["--allow-host", "a:1"], ["--trust-proxy", "10.0.0.0/99"]):
        with pytest.raises(SystemExit):
            read_settings(arguments, {})
        assert arguments[0] in capsys.readouterr().err, arguments
