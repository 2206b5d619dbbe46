"""What the tasks of all kinds work with."""

from dataclasses import dataclass

from workers.audio_input import AudioInput
from workers.contract.motions import Motions
from workers.contract.settings import Settings
from workers.contract.sources import Sources
from workers.driver_sound import DriverSounds
from workers.editor import Editor
from workers.media.isolate import Decoder
from workers.motion_input import MotionInput
from workers.source_input import SourceInput


@dataclass(frozen=True)
class TaskTools:
    """Parts of one worker process; they hold no state of any job.

    Attributes:
        editor: the loaded models.
        decoder: decodes media in a child process.
        source_input: reads photos, videos and documents of coefficients.
        audio_input: reads audio files.
        motions: what is stored under names.
        driver_sounds: finds the sounds that motions refer to.
        max_frames: most frames of a clip.
    """

    editor: Editor
    decoder: Decoder
    source_input: SourceInput
    audio_input: AudioInput
    motions: Motions
    driver_sounds: DriverSounds
    max_frames: int

    @classmethod
    def of(
        cls, editor: Editor, sources: Sources, motions: Motions, decoder: Decoder, settings: Settings
    ) -> "TaskTools":
        """The tools around a loaded editor."""
        motion_input = MotionInput(editor.space, sources, motions, decoder, settings)
        return cls(
            editor=editor,
            decoder=decoder,
            source_input=SourceInput(editor, sources, motion_input, decoder, settings),
            audio_input=AudioInput(sources, decoder, settings),
            motions=motions,
            driver_sounds=DriverSounds(sources, motions, decoder),
            max_frames=settings.max_frames,
        )
