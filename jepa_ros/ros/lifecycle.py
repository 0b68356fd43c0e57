# Copyright 2026 jepa_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A lifecycle node that says why a transition failed, and can start itself."""

import traceback

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from jepa_ros.ros import params
from jepa_ros.ros.process import STEADY

AUTOSTART = params.Entry(
    'autostart', True, 'bool',
    'configure and activate by itself; false where a lifecycle manager does it')


class ManagedNode(LifecycleNode):
    """
    The lifecycle around four steps that a node fills in: configure, activate, deactivate, cleanup.

    An exception in a step is logged and the transition fails, where rclpy would fall into its
    error state in silence.  ``self.configured`` tells whether configure has succeeded.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.configured = False
        params.declare(self, (AUTOSTART,))
        # a timer, because transitions have to wait until the node spins
        self._autostart_timer = self.create_timer(0.0, self._autostart, clock=STEADY)

    def configure(self) -> None:
        """Make what the parameters describe."""

    def activate(self) -> None:
        """Begin; publishers are enabled."""

    def deactivate(self) -> None:
        """Stop; publishers are still enabled, so that a last command gets out."""

    def cleanup(self) -> None:
        """Free what configure made; also called after a configure that failed halfway."""

    def _autostart(self) -> None:
        self._autostart_timer.cancel()
        if not self.get_parameter('autostart').value:
            return
        try:
            if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
                self.trigger_activate()
        except RuntimeError as error:   # of rcl: somebody else has begun to manage it
            self.get_logger().warning(f'not started by itself: {error}')

    def _step(self, name: str) -> TransitionCallbackReturn:
        try:
            getattr(self, name)()
        except (ValueError, OSError) as error:
            self.get_logger().error(f'cannot {name}: {error}')
            return TransitionCallbackReturn.FAILURE
        except Exception:
            self.get_logger().error(f'cannot {name}:\n{traceback.format_exc()}')
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure; on failure free what was made of it and stay unconfigured."""
        if self._step('configure') != TransitionCallbackReturn.SUCCESS:
            self._step('cleanup')
            return TransitionCallbackReturn.FAILURE
        self.configured = True
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Enable the publishers, then begin."""
        super().on_activate(state)
        result = self._step('activate')
        if result != TransitionCallbackReturn.SUCCESS:
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, then disable the publishers; it always succeeds, for a robot must be stoppable."""
        self._step('deactivate')
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything and become unconfigured."""
        self.configured = False
        self._step('cleanup')
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop if active, then free everything."""
        if state.label == 'active':
            self._step('deactivate')
        self.configured = False
        self._step('cleanup')
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Recover to unconfigured."""
        return self.on_cleanup(state)

    def close(self) -> None:
        """Shut down in order before the process ends: a last zero command gets out."""
        try:
            self.trigger_shutdown()
        except Exception as error:
            # already finalized, or a signal in the middle of another transition
            self.get_logger().debug(f'no shutdown transition: {error}')
            self._step('deactivate')
